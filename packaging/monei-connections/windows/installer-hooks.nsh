; What the installer puts beside the window's program: the command line, and the program that shows the window's words in a terminal
; (docs/other-systems.md). Both are console programs, which `cargo xtask bundle` builds first.

!ifndef MONEI_PROGRAMS
  !define MONEI_PROGRAMS "${__FILEDIR__}\..\..\..\target\release"
!endif

!macro NSIS_HOOK_POSTINSTALL
  File "${MONEI_PROGRAMS}\moneictl.exe"
  File "/oname=monei-connect.com" "${MONEI_PROGRAMS}\monei-connect-console.exe"
!macroend

!macro NSIS_HOOK_PREUNINSTALL
  Delete "$INSTDIR\moneictl.exe"
  Delete "$INSTDIR\monei-connect.com"
!macroend
