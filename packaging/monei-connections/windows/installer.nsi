; The Windows installer: for one person, without administrator rights. `cargo xtask windows bundle` and, on Windows, `cargo xtask bundle` give it
; what `tauri.conf.json` and `Cargo.toml` say (xtask/src/installer.rs). docs/packaging.md has its options and exit codes.
;
; NAME, IDENTIFIER, PUBLISHER  the product's
; VERSION, NUMBERS             of this version: 0.2.0-beta.1 and 0.2.0.0
; PROGRAMS                     folder of the built programs
; TOP                          of the project
; LICENCES                     the file with the licences of what the programs are made of
; OUT                          the installer

; Programs that go with `monei-connect.exe` are of the same kind as this: 64-bit, where this NSIS can make that.
!if /FileExists "${NSISDIR}/Stubs/lzma_solid-amd64-unicode"
  Target amd64-unicode
!else
  Unicode true
!endif
SetCompressor /SOLID lzma
; The same files give the same installer.
SetDateSave off
CRCCheck force
AllowSkipFiles off
ManifestDPIAware true
ManifestSupportedOS all
RequestExecutionLevel user

!include MUI2.nsh
!include FileFunc.nsh
!include LogicLib.nsh
!include TextFunc.nsh
!include WinVer.nsh
!include WordFunc.nsh
!include x64.nsh

!define PROGRAM "monei-connect.exe"
!define MANIFEST "MANIFEST.txt"
!define UNINSTALLER "uninstall.exe"
!define SCHEME "Software\Classes\${IDENTIFIER}"
!define LINK_COMMAND "$\"$INSTDIR\${PROGRAM}$\" $\"%1$\""
!define SHORTCUT "$SMPROGRAMS\${NAME}.lnk"
!define UNINSTALL "Software\Microsoft\Windows\CurrentVersion\Uninstall\${IDENTIFIER}"
; crates/app/src/login.rs writes the first of these, and Windows the second where the person has switched the start off.
!define LOGIN "Software\Microsoft\Windows\CurrentVersion\Run"
!define LOGIN_APPROVED "Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run"
; https://learn.microsoft.com/microsoft-edge/webview2/concepts/distribution says how to find out.
!define WEBVIEW "Microsoft\EdgeUpdate\Clients\{F3017226-FE2A-4295-8BDF-00C3A9A7E4C5}"
!define WEBVIEW_PAGE "https://developer.microsoft.com/microsoft-edge/webview2/consumer/"

; Exit codes. 1 and 2 are NSIS's own: cancelled, and failed.
!define FAILED 2
!define IS_OPEN 3
!define WRONG_WINDOWS 4
!define IS_OLDER 5
!define WITHOUT_WEBVIEW 6
!define IS_ELSEWHERE 7

; Every file of this version but the manifest and the uninstaller: its name, and where it is built.
!macro EachFile ACTION
  !insertmacro ${ACTION} "${PROGRAM}" "${PROGRAMS}/monei-connect.exe"
  ; In a terminal, `monei-connect` starts this one.
  !insertmacro ${ACTION} "monei-connect.com" "${PROGRAMS}/monei-connect-console.exe"
  !insertmacro ${ACTION} "moneictl.exe" "${PROGRAMS}/moneictl.exe"
  ; Not there where Microsoft's compiler has linked it into the program.
  !if /FileExists "${PROGRAMS}/WebView2Loader.dll"
    !insertmacro ${ACTION} "WebView2Loader.dll" "${PROGRAMS}/WebView2Loader.dll"
  !endif
  !insertmacro ${ACTION} "LICENSE-APACHE" "${TOP}/LICENSE-APACHE"
  !insertmacro ${ACTION} "LICENSE-MIT" "${TOP}/LICENSE-MIT"
  !insertmacro ${ACTION} "third-party-licences.txt" "${LICENCES}"
!macroend

Name "${NAME}"
BrandingText "${NAME} ${VERSION}"
OutFile "${OUT}"
InstallDir "$LOCALAPPDATA\Programs\${NAME}"
InstallDirRegKey HKCU "${UNINSTALL}" "InstallLocation"
VIProductVersion "${NUMBERS}"
VIFileVersion "${NUMBERS}"
!macro Words LANGUAGE
  VIAddVersionKey /LANG=${LANGUAGE} "ProductName" "${NAME}"
  VIAddVersionKey /LANG=${LANGUAGE} "FileDescription" "${NAME}"
  VIAddVersionKey /LANG=${LANGUAGE} "CompanyName" "${PUBLISHER}"
  VIAddVersionKey /LANG=${LANGUAGE} "LegalCopyright" "${PUBLISHER}"
  VIAddVersionKey /LANG=${LANGUAGE} "FileVersion" "${VERSION}"
  VIAddVersionKey /LANG=${LANGUAGE} "ProductVersion" "${VERSION}"
!macroend

!define MUI_ICON "${TOP}/icons/icon.ico"
!define MUI_UNICON "${TOP}/icons/icon.ico"
; icons/128x128.png with 96 pixels on #F3F8FA.
!define MUI_WELCOMEFINISHPAGE_BITMAP "${TOP}/packaging/monei-connections/windows/side.bmp"
!define MUI_PAGE_CUSTOMFUNCTION_PRE SkipIfInstalled
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!define MUI_FINISHPAGE_RUN "$INSTDIR\${PROGRAM}"
!insertmacro MUI_PAGE_FINISH
!define MUI_UNCONFIRMPAGE_TEXT_TOP "$(Stays)"
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
; The first is for every other language of Windows.
!insertmacro MUI_LANGUAGE "English"
!insertmacro MUI_LANGUAGE "French"
!insertmacro Words ${LANG_ENGLISH}
!insertmacro Words ${LANG_FRENCH}

LangString Open ${LANG_ENGLISH} "${NAME} is open, or moneictl is running. Nothing was changed. Quit the program, from its icon in the notification area too, and try again."
LangString Open ${LANG_FRENCH} "${NAME} est ouvert, ou moneictl est en cours d’exécution. Rien n’a été changé. Quittez le programme, aussi par son icône dans la zone de notification, puis réessayez."
LangString WrongWindows ${LANG_ENGLISH} "${NAME} needs a 64-bit Windows 10 or later."
LangString WrongWindows ${LANG_FRENCH} "${NAME} nécessite Windows 10 ou une version ultérieure, en 64 bits."
LangString Older ${LANG_ENGLISH} "Version $1 is installed, which is newer than ${VERSION}. Nothing was changed. An older version may not be able to read what a newer one has stored. To install it all the same, uninstall the newer one first."
LangString Older ${LANG_FRENCH} "La version $1 est installée ; elle est plus récente que la version ${VERSION}. Rien n’a été changé. Une version plus ancienne peut ne pas savoir lire ce qu’une version plus récente a enregistré. Pour l’installer quand même, désinstallez d’abord la plus récente."
LangString Elsewhere ${LANG_ENGLISH} "Version $1 is installed in $3, and can’t be installed a second time in $INSTDIR. Nothing was changed. Install without another folder to replace it. To have it in another folder, uninstall it first; your connections stay."
LangString Elsewhere ${LANG_FRENCH} "La version $1 est installée dans $3 et ne peut pas être installée une seconde fois dans $INSTDIR. Rien n’a été changé. Pour la remplacer, installez sans choisir un autre dossier. Pour changer de dossier, désinstallez-la d’abord ; vos connexions restent."
LangString NotWritten ${LANG_ENGLISH} "The files can’t be written to $INSTDIR. Is there enough space, and may you write there? What was installed before is unchanged."
LangString NotWritten ${LANG_FRENCH} "Impossible d’écrire les fichiers dans $INSTDIR. Y a-t-il assez de place, et pouvez-vous y écrire ? Ce qui était installé avant n’a pas été changé."
LangString NotReplaced ${LANG_ENGLISH} "Not all files in $INSTDIR could be replaced. Close programs that use them, and start this installer again."
LangString NotReplaced ${LANG_FRENCH} "Tous les fichiers de $INSTDIR n’ont pas pu être remplacés. Fermez les programmes qui les utilisent, puis relancez cet installateur."
LangString NotRemoved ${LANG_ENGLISH} "Not all files in $INSTDIR could be removed. Close programs that use them, and uninstall again."
LangString NotRemoved ${LANG_FRENCH} "Tous les fichiers de $INSTDIR n’ont pas pu être supprimés. Fermez les programmes qui les utilisent, puis désinstallez à nouveau."
LangString NoWebView ${LANG_ENGLISH} "${NAME} is installed. Its window needs Microsoft’s WebView2 Runtime, which isn’t on this computer. Open Microsoft’s page to download it?"
LangString NoWebView ${LANG_FRENCH} "${NAME} est installé. Sa fenêtre nécessite WebView2 Runtime de Microsoft, qui n’est pas sur cet ordinateur. Ouvrir la page de Microsoft pour le télécharger ?"
LangString Stays ${LANG_ENGLISH} "Your connections stay: their tokens in the Credential Manager, and $LOCALAPPDATA\${IDENTIFIER}. To end them too, cancel, and choose Settings, Leave this computer in the program first."
LangString Stays ${LANG_FRENCH} "Vos connexions restent : leurs jetons dans le Gestionnaire d’identification, et $LOCALAPPDATA\${IDENTIFIER}. Pour les supprimer aussi, annulez et choisissez d’abord Paramètres, Quitter cet ordinateur dans le programme."

; With /R, which the program's own updater gives: the program ends for its new version, and is started again whatever comes of that.
Var Restart
; Whether it was told already why this ends.
Var Told
; Whether a version is installed, which this one replaces.
Var Installed

!macro StartAgain
  ${If} $Restart == 1
  ${AndIf} ${FileExists} "$INSTDIR\${PROGRAM}"
    Exec "$\"$INSTDIR\${PROGRAM}$\""
  ${EndIf}
!macroend

!macro End CODE TEXT
  StrCpy $Told 1
  ${If} $Restart == 1
    ; Also where it is silent: the person waits for a program that ended, and nobody looks at the exit code.
    MessageBox MB_OK|MB_ICONSTOP "${TEXT}"
    !insertmacro StartAgain
  ${Else}
    MessageBox MB_OK|MB_ICONSTOP "${TEXT}" /SD IDOK
  ${EndIf}
  SetErrorLevel ${CODE}
  Quit
!macroend

; A program that runs can't be opened for writing.
!macro EndIfOpen FILE SOURCE
  ${If} ${FileExists} "$INSTDIR\${FILE}"
    ClearErrors
    FileOpen $0 "$INSTDIR\${FILE}" a
    ${If} ${Errors}
      !insertmacro End ${IS_OPEN} "$(Open)"
    ${EndIf}
    FileClose $0
  ${EndIf}
!macroend

; $0 isn't 0 while the program is open, wherever it was started from: it has this mutex (tauri-plugin-single-instance).
!macro OpenMutex
  System::Call 'kernel32::OpenMutexW(i 0x00100000, i 0, w "${IDENTIFIER}-sim") p .r0'
  ${If} $0 P<> 0
    System::Call 'kernel32::CloseHandle(p r0)'
  ${EndIf}
!macroend

; Nothing is changed while the program is open.
!macro EndIfRunning
  !insertmacro OpenMutex
  ${If} $0 P<> 0
    !insertmacro End ${IS_OPEN} "$(Open)"
  ${EndIf}
  !insertmacro EachFile EndIfOpen
!macroend

; Until the program has ended, which it does in order: that takes up to 40 seconds. In $2 are quarters of a second.
!macro WaitForEnd
  ${ForEach} $2 1 480 + 1
    StrCpy $1 ended
    !insertmacro OpenMutex
    ${If} $0 P<> 0
      StrCpy $1 open
    ${ElseIf} ${FileExists} "$INSTDIR\${PROGRAM}"
      ClearErrors
      FileOpen $0 "$INSTDIR\${PROGRAM}" a
      ${If} ${Errors}
        StrCpy $1 open
      ${Else}
        FileClose $0
      ${EndIf}
    ${EndIf}
    ${If} $1 == ended
      ${ExitFor}
    ${EndIf}
    Sleep 250
  ${Next}
!macroend

; Beside what is installed, which stays whole until everything is there.
!macro WriteNew FILE SOURCE
  File "/oname=${FILE}.new" "${SOURCE}"
!macroend

!macro DeleteNew FILE SOURCE
  Delete "$INSTDIR\${FILE}.new"
!macroend

!macro DeleteAllNew
  !insertmacro EachFile DeleteNew
  !insertmacro DeleteNew "${UNINSTALLER}" ""
  !insertmacro DeleteNew "${MANIFEST}" ""
  ; The working folder of a program can't be removed.
  SetOutPath "$TEMP"
  RMDir "$INSTDIR"
!macroend

!macro NameFile FILE SOURCE
  FileWrite $0 "${FILE}$\r$\n"
!macroend

!macro Replace FILE SOURCE
  Delete "$INSTDIR\${FILE}"
  Rename "$INSTDIR\${FILE}.new" "$INSTDIR\${FILE}"
!macroend

!macro Remove FILE SOURCE
  Delete "$INSTDIR\${FILE}"
!macroend

; A folder in the one form that is comparable, whatever its capitals: whole, with short names where there are such, and no backslash at its end.
; Empty if there is no such folder.
!macro Comparable INTO FOLDER
  GetFullPathName /SHORT ${INTO} "${FOLDER}"
  StrCpy $9 ${INTO} 1 -1
  ${If} $9 == "\"
    StrCpy ${INTO} ${INTO} -1
  ${EndIf}
!macroend

Function .onInit
  SetRegView 64
  ${GetParameters} $0
  ClearErrors
  ${GetOptions} $0 "/R" $1
  ${IfNot} ${Errors}
    StrCpy $Restart 1
    !insertmacro WaitForEnd
  ${EndIf}
  ${IfNot} ${AtLeastWin10}
  ${OrIfNot} ${RunningX64}
    !insertmacro End ${WRONG_WINDOWS} "$(WrongWindows)"
  ${EndIf}
  ReadRegStr $0 HKCU "${UNINSTALL}" "VersionNumbers"
  ReadRegStr $1 HKCU "${UNINSTALL}" "DisplayVersion"
  ${If} $0 != ""
    ${VersionCompare} "$0" "${NUMBERS}" $2
    ${If} $2 == 1
      !insertmacro End ${IS_OLDER} "$(Older)"
    ${EndIf}
  ${EndIf}
  ; It stays in its folder: in another one a second version would come beside the first, which would be in no list any more and still start at login.
  ReadRegStr $3 HKCU "${UNINSTALL}" "InstallLocation"
  ${If} $3 != ""
    ${If} ${FileExists} "$3\${PROGRAM}"
    ${OrIf} ${FileExists} "$3\${UNINSTALLER}"
      StrCpy $Installed 1
    ${EndIf}
  ${EndIf}
  ${If} $Installed == 1
    !insertmacro Comparable $4 "$3"
    !insertmacro Comparable $5 "$INSTDIR"
    ${If} $4 != $5
      !insertmacro End ${IS_ELSEWHERE} "$(Elsewhere)"
    ${EndIf}
    ; As it is written in the registry.
    StrCpy $INSTDIR $3
  ${EndIf}
FunctionEnd

Function SkipIfInstalled
  ${If} $Installed == 1
    Abort
  ${EndIf}
FunctionEnd

; A file that can't be written to its end, as on a full disk, ends an installation at once.
Function .onInstFailed
  ${If} $Told != 1
    !insertmacro DeleteAllNew
    !insertmacro End ${FAILED} "$(NotWritten)"
  ${EndIf}
FunctionEnd

Function un.onInit
  SetRegView 64
FunctionEnd

Section
  !insertmacro EndIfRunning

  SetOutPath "$INSTDIR"
  SetOverwrite try
  ClearErrors
  !insertmacro EachFile WriteNew
  WriteUninstaller "$INSTDIR\${UNINSTALLER}.new"
  FileOpen $0 "$INSTDIR\${MANIFEST}.new" w
  !insertmacro EachFile NameFile
  FileClose $0
  ${If} ${Errors}
    !insertmacro DeleteAllNew
    !insertmacro End ${FAILED} "$(NotWritten)"
  ${EndIf}

  ; What the installed version brought and this one doesn't.
  FileOpen $0 "$INSTDIR\${MANIFEST}" r
  ${IfNot} ${Errors}
    ${Do}
      ClearErrors
      FileRead $0 $1
      ${If} ${Errors}
        ${Break}
      ${EndIf}
      ${TrimNewLines} "$1" $1
      ${GetFileName} "$1" $2
      ${If} $1 != ""
      ${AndIf} $1 == $2
        Delete "$INSTDIR\$1"
      ${EndIf}
    ${Loop}
    FileClose $0
  ${EndIf}
  ClearErrors
  !insertmacro EachFile Replace
  !insertmacro Replace "${UNINSTALLER}" ""
  !insertmacro Replace "${MANIFEST}" ""
  ${If} ${Errors}
    !insertmacro End ${FAILED} "$(NotReplaced)"
  ${EndIf}

  ; Links that come back from the browser.
  WriteRegStr HKCU "${SCHEME}" "" "URL:${NAME}"
  WriteRegStr HKCU "${SCHEME}" "URL Protocol" ""
  WriteRegStr HKCU "${SCHEME}\DefaultIcon" "" "$\"$INSTDIR\${PROGRAM}$\",0"
  WriteRegStr HKCU "${SCHEME}\shell\open\command" "" "${LINK_COMMAND}"
  CreateShortcut "${SHORTCUT}" "$INSTDIR\${PROGRAM}"
  WriteRegStr HKCU "${UNINSTALL}" "DisplayName" "${NAME}"
  WriteRegStr HKCU "${UNINSTALL}" "DisplayIcon" "$\"$INSTDIR\${PROGRAM}$\""
  WriteRegStr HKCU "${UNINSTALL}" "DisplayVersion" "${VERSION}"
  WriteRegStr HKCU "${UNINSTALL}" "VersionNumbers" "${NUMBERS}"
  WriteRegStr HKCU "${UNINSTALL}" "Publisher" "${PUBLISHER}"
  WriteRegStr HKCU "${UNINSTALL}" "InstallLocation" "$INSTDIR"
  WriteRegStr HKCU "${UNINSTALL}" "UninstallString" "$\"$INSTDIR\${UNINSTALLER}$\""
  WriteRegStr HKCU "${UNINSTALL}" "QuietUninstallString" "$\"$INSTDIR\${UNINSTALLER}$\" /S"
  WriteRegDWORD HKCU "${UNINSTALL}" "NoModify" 1
  WriteRegDWORD HKCU "${UNINSTALL}" "NoRepair" 1
  ${GetSize} "$INSTDIR" "/S=0K" $0 $1 $2
  WriteRegDWORD HKCU "${UNINSTALL}" "EstimatedSize" $0

  ; The window's web view is part of Windows 11 and of an updated Windows 10.
  SetRegView 32
  ReadRegStr $0 HKLM "Software\${WEBVIEW}" "pv"
  SetRegView 64
  ${If} $0 == ""
  ${OrIf} $0 == "0.0.0.0"
    ReadRegStr $0 HKCU "Software\${WEBVIEW}" "pv"
  ${EndIf}
  ${If} $0 == ""
  ${OrIf} $0 == "0.0.0.0"
    SetErrorLevel ${WITHOUT_WEBVIEW}
    MessageBox MB_YESNO|MB_ICONINFORMATION "$(NoWebView)" /SD IDNO IDNO later
    ExecShell "open" "${WEBVIEW_PAGE}"
    later:
  ${EndIf}
  !insertmacro StartAgain
SectionEnd

Section "Uninstall"
  !insertmacro EndIfRunning

  ; Only what is still this program's: another one may have taken links over.
  ReadRegStr $0 HKCU "${SCHEME}\shell\open\command" ""
  ${If} $0 == "${LINK_COMMAND}"
    DeleteRegKey HKCU "${SCHEME}"
  ${EndIf}
  ReadRegStr $0 HKCU "${LOGIN}" "${IDENTIFIER}"
  StrLen $1 "$\"$INSTDIR\${PROGRAM}$\""
  StrCpy $0 $0 $1
  ${If} $0 == "$\"$INSTDIR\${PROGRAM}$\""
    DeleteRegValue HKCU "${LOGIN}" "${IDENTIFIER}"
    DeleteRegValue HKCU "${LOGIN_APPROVED}" "${IDENTIFIER}"
  ${EndIf}

  Delete "${SHORTCUT}"
  ClearErrors
  !insertmacro EachFile Remove
  !insertmacro Remove "${MANIFEST}" ""
  ; What an installation left that was ended, or could not replace every file.
  !insertmacro EachFile DeleteNew
  !insertmacro DeleteNew "${UNINSTALLER}" ""
  !insertmacro DeleteNew "${MANIFEST}" ""
  ${If} ${Errors}
    !insertmacro End ${FAILED} "$(NotRemoved)"
  ${EndIf}
  Delete "$INSTDIR\${UNINSTALLER}"
  ; Not where there is something of somebody else.
  RMDir "$INSTDIR"
  DeleteRegKey HKCU "${UNINSTALL}"
SectionEnd
