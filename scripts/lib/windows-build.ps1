# What builds postern on Windows: finds Visual Studio's compiler, CMake, Ninja and vcpkg, each with words for what is
# missing. Sourced by scripts/setup.ps1 and the workflow, never run: . scripts\lib\windows-build.ps1

# Static in two ways: nothing has to lie beside the programs, no redistributable has to be installed.
$BuildTriplet = 'x64-windows-static'

# PowerShell goes on after a program that has failed; nothing here may.
function Invoke-Program {
    param([string]$Program, [string[]]$Arguments)
    Write-Host "> $Program $($Arguments -join ' ')"
    & $Program @Arguments
    if ($LASTEXITCODE -ne 0) { throw "$Program ended with status $LASTEXITCODE" }
}

# The newest Visual Studio, or its build tools, that can build for this machine; '' where there is none.
function Find-VisualStudio {
    $where = Join-Path ${env:ProgramFiles(x86)} 'Microsoft Visual Studio\Installer\vswhere.exe'
    if (-not (Test-Path -LiteralPath $where)) { return '' }
    # 17.5 or later, the first whose C has atomic types.
    $found = @(& $where -latest -products '*' -version '17.5' -property installationPath `
            -requires Microsoft.VisualStudio.Component.VC.Tools.x86.x64)
    if ($found.Count -eq 0) { return '' }
    $found[0]
}

# Takes over what its batch file sets, so that the compiler, and the CMake and Ninja that come with it, are found. In a
# developer's prompt of Visual Studio's own all of that is there already.
function Enter-VisualStudio {
    if ($env:VSCMD_ARG_TGT_ARCH -eq 'x64') { return }
    $studio = Find-VisualStudio
    if ($studio -eq '') {
        throw ("Visual Studio 2022 (17.5 or later) with `"Desktop development with C++`" was not found. Its build tools do, too: " +
            'winget install Microsoft.VisualStudio.2022.BuildTools --override ' +
            '"--wait --passive --add Microsoft.VisualStudio.Workload.VCTools --includeRecommended"')
    }
    $batch = Join-Path ([IO.Path]::GetTempPath()) "postern-environment-$PID.cmd"
    $env:POSTERN_VCVARS = Join-Path $studio 'VC\Auxiliary\Build\vcvars64.bat'
    try {
        Set-Content -LiteralPath $batch -Encoding ASCII -Value '@call "%POSTERN_VCVARS%" >nul || exit /b 1', '@set'
        $lines = @(& $batch)
        if ($LASTEXITCODE -ne 0) { throw "$env:POSTERN_VCVARS ended with status $LASTEXITCODE" }
    }
    finally {
        Remove-Item -LiteralPath $batch -Force -ErrorAction SilentlyContinue
        $env:POSTERN_VCVARS = $null
    }
    foreach ($line in $lines) {
        # Names that begin with "=" are cmd.exe's own. Ours of vcpkg stay.
        if ($line -match '^([^=]+)=(.*)$' -and $Matches[1] -notin 'POSTERN_VCVARS', 'VCPKG_ROOT') {
            [Environment]::SetEnvironmentVariable($Matches[1], $Matches[2], 'Process')
        }
    }
}

function Assert-Program {
    param([string]$Name, [string]$Remedy)
    if ($null -eq (Get-Command $Name -CommandType Application -ErrorAction SilentlyContinue)) {
        throw "$Name was not found. $Remedy"
    }
}

# The toolchain file of vcpkg, which reads vcpkg.json and so brings the libraries by itself: that of the caller, else the
# one that comes with Visual Studio.
function Find-Vcpkg {
    $roots = @($env:VCPKG_ROOT, $env:VCPKG_INSTALLATION_ROOT)
    if ($env:VSINSTALLDIR) { $roots += Join-Path $env:VSINSTALLDIR 'VC\vcpkg' }
    foreach ($root in $roots | Where-Object { $_ }) {
        $toolchain = Join-Path $root 'scripts\buildsystems\vcpkg.cmake'
        if (Test-Path -LiteralPath $toolchain) { return $toolchain }
    }
    throw ("vcpkg was not found. Add `"vcpkg package manager`" in Visual Studio's installer, or fetch it, and name it: " +
        'git clone https://github.com/microsoft/vcpkg C:\vcpkg; C:\vcpkg\bootstrap-vcpkg.bat; $env:VCPKG_ROOT = ''C:\vcpkg''')
}

# All of the above at once, so that what is missing is told before anything is built. Gives the toolchain file.
function Enter-Build {
    Enter-VisualStudio
    Assert-Program 'cl.exe' 'Add "Desktop development with C++" in Visual Studio''s installer.'
    Assert-Program 'cmake.exe' 'Add "C++ CMake tools" in Visual Studio''s installer, or: winget install Kitware.CMake'
    Assert-Program 'ninja.exe' 'Add "C++ CMake tools" in Visual Studio''s installer, or: winget install Ninja-build.Ninja'
    Find-Vcpkg
}

# Warnings are shown, but GCC's and clang's are the ones the code is held to.
function Invoke-Configure {
    param([string]$Source, [string]$Build, [string[]]$Options = @())
    $toolchain = Enter-Build
    Invoke-Program 'cmake.exe' (@('-S', $Source, '-B', $Build, '-G', 'Ninja', '-DCMAKE_BUILD_TYPE=Release',
            '-DCMAKE_C_COMPILER=cl', "-DCMAKE_TOOLCHAIN_FILE=$toolchain", "-DVCPKG_TARGET_TRIPLET=$BuildTriplet",
            '-DPOSTERN_WERROR=OFF') + $Options)
}
