/* For Wine alone, which before 9.0 has no bcryptprimitives.dll: Rust's standard library takes its random numbers from ProcessPrng there.
   These come from the same source as Wine's other random numbers, RtlGenRandom. */
#include <windows.h>
#include <ntsecapi.h>

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE bytes, SIZE_T left)
{
    while (left > 0) {
        ULONG now = left > 0x10000 ? 0x10000 : (ULONG)left;
        if (!RtlGenRandom(bytes, now))
            return FALSE;
        bytes += now;
        left -= now;
    }
    return TRUE;
}
