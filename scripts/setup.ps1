# Builds postern on Windows with MSVC and vcpkg, installs it, and sets the host up for sandbox accounts.
# usage, in a PowerShell that was opened with "Run as administrator":
#   scripts\setup.ps1 [-Prefix DIR] [-Accounts N] [-SkipBuild]
#   scripts\setup.ps1 -Check | -Undo      only ask, or only take back; postern stays installed
# It needs Visual Studio's build tools (start it from their "Developer PowerShell"), CMake, Ninja, and vcpkg, found
# through VCPKG_ROOT or VCPKG_INSTALLATION_ROOT.
[CmdletBinding()]
param(
    [string]$Prefix = (Join-Path $env:ProgramFiles 'postern'),
    [ValidateRange(1, 16)][int]$Accounts,
    [switch]$SkipBuild,
    [switch]$Check,
    [switch]$Undo
)
Set-StrictMode -Version 2
$ErrorActionPreference = 'Stop'
$project = Split-Path -Parent $PSScriptRoot
$triplet = 'x64-windows-static-md'

# PowerShell goes on after a program that has failed; nothing here may.
function Invoke-Program {
    param([string]$Program, [string[]]$Arguments)
    Write-Host "> $Program $($Arguments -join ' ')"
    & $Program @Arguments
    if ($LASTEXITCODE -ne 0) { throw "$Program ended with status $LASTEXITCODE" }
}

function Assert-Administrator {
    $identity = [Security.Principal.WindowsIdentity]::GetCurrent()
    $principal = New-Object Security.Principal.WindowsPrincipal($identity)
    if (-not $principal.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)) {
        throw 'start this from a PowerShell that was opened with "Run as administrator"'
    }
}

function Find-Vcpkg {
    $roots = @($env:VCPKG_ROOT, $env:VCPKG_INSTALLATION_ROOT) | Where-Object { $_ }
    foreach ($root in $roots) {
        $toolchain = Join-Path $root 'scripts\buildsystems\vcpkg.cmake'
        if (Test-Path -LiteralPath $toolchain) { return $toolchain }
    }
    throw 'vcpkg was not found: install it and set VCPKG_ROOT to its directory'
}

function Install-Postern {
    $build = Join-Path $project 'build\setup'
    Invoke-Program cmake @('-S', $project, '-B', $build, '-G', 'Ninja', '-DCMAKE_BUILD_TYPE=Release',
        "-DCMAKE_TOOLCHAIN_FILE=$(Find-Vcpkg)", "-DVCPKG_TARGET_TRIPLET=$triplet", '-DPOSTERN_WERROR=OFF',
        '-DPOSTERN_TESTS=OFF', "-DCMAKE_INSTALL_PREFIX=$Prefix")
    Invoke-Program cmake @('--build', $build)
    Invoke-Program cmake @('--install', $build)
}

Assert-Administrator
$postern = Join-Path $Prefix 'bin\postern.exe'
if (-not ($SkipBuild -or $Check -or $Undo)) { Install-Postern }
if (-not (Test-Path -LiteralPath $postern)) { throw "there is no $postern; run this without -SkipBuild, -Check and -Undo" }

$arguments = @('setup')
if ($Check) { $arguments += '--check' }
if ($Undo) { $arguments += '--undo' }
if ($PSBoundParameters.ContainsKey('Accounts')) { $arguments += @('--accounts', "$Accounts") }
Write-Host "> $postern $($arguments -join ' ')"
& $postern @arguments
exit $LASTEXITCODE
