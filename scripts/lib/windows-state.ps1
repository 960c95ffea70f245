# Prints what `postern setup` may change on this host, one item a line, sorted: users and groups with their members,
# logon rights, network filters of postern, firewall rules, the sign-in list, profiles, and %ProgramData%\postern with its
# access lists. Two of these are compared before and after. Needs an administrator.
Set-StrictMode -Version 2
$ErrorActionPreference = 'Stop'

function Get-Rights {
    $file = [IO.Path]::GetTempFileName()
    try {
        secedit.exe /export /areas USER_RIGHTS /cfg $file | Out-Null
        if ($LASTEXITCODE -ne 0) { throw "secedit ended with status $LASTEXITCODE" }
        Get-Content -LiteralPath $file | Where-Object { $_ -match '^Se\w+ = ' } | ForEach-Object { "right $_" }
    }
    finally { Remove-Item -LiteralPath $file -Force }
}

function Get-Registry {
    $key = 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon\SpecialAccounts'
    if (-not (Test-Path -LiteralPath $key)) { return }
    foreach ($item in @(Get-Item -LiteralPath $key) + @(Get-ChildItem -LiteralPath $key -Recurse)) {
        "key $($item.Name)"
        foreach ($name in $item.GetValueNames()) { "value $($item.Name) $name = $($item.GetValue($name))" }
    }
}

function Get-Place {
    $place = Join-Path $env:ProgramData 'postern'
    if (-not (Test-Path -LiteralPath $place)) { return }
    foreach ($item in @(Get-Item -LiteralPath $place -Force) + @(Get-ChildItem -LiteralPath $place -Recurse -Force)) {
        "file $($item.FullName) $((Get-Acl -LiteralPath $item.FullName).Sddl)"
    }
}

function Get-Inner {
    param($Item, [string]$Path)
    $found = $Item.SelectSingleNode($Path)
    if ($null -ne $found) { $found.InnerText }
}

# What belongs to postern's provider in the filtering platform: the provider itself, its sub-layer, its filters. netsh
# writes all that there is into one file of XML, whose declaration may stand in it more than once.
function Get-Filters {
    $file = Join-Path ([IO.Path]::GetTempPath()) "postern-wfp-$PID.xml"
    try {
        netsh.exe wfp show state "file=$file" | Out-Null
        if ($LASTEXITCODE -ne 0) { throw "netsh wfp show state ended with status $LASTEXITCODE" }
        $text = [IO.File]::ReadAllText($file) -replace '<\?xml[^>]*\?>', ''
    }
    finally { Remove-Item -LiteralPath $file -Force -ErrorAction SilentlyContinue }
    $document = New-Object Xml.XmlDocument
    $document.LoadXml("<all>$text</all>")
    $owner = "translate(providerKey, 'ABCDEF', 'abcdef')"
    foreach ($item in $document.SelectNodes("//item[contains($owner, '93ec09de-af0d-4c7f-8af0-e780581fa3b1')]")) {
        $kind = if ($item.SelectSingleNode('filterKey')) { 'filter' }
        elseif ($item.SelectSingleNode('subLayerKey')) { 'sub-layer' }
        else { 'provider' }
        $flags = @($item.SelectNodes('flags/item') | ForEach-Object { $_.InnerText }) -join '+'
        "network $kind $(Get-Inner $item 'displayData/name') $(Get-Inner $item 'layerKey') " +
        "$(Get-Inner $item 'action/type') $flags $(Get-Inner $item 'filterCondition/item/conditionValue/sd')"
    }
}

$lines = @(
    Get-LocalUser | ForEach-Object { "user $($_.Name) $($_.SID) enabled=$($_.Enabled) $($_.Description)" }
    Get-LocalGroup | ForEach-Object { "group $($_.Name) $($_.SID) $($_.Description)" }
    # net.exe, because Get-LocalGroupMember fails on members that no longer exist
    Get-LocalGroup | ForEach-Object { $group = $_.Name; net.exe localgroup $group | ForEach-Object { "member $group $_" } }
    Get-Rights
    Get-Filters
    Get-NetFirewallRule | ForEach-Object { "rule $($_.Name) $($_.DisplayName) $($_.Enabled) $($_.Direction) $($_.Action)" }
    Get-NetFirewallProfile | ForEach-Object { "profile $($_.Name) $($_.Enabled)" }
    Get-Registry
    Get-CimInstance Win32_UserProfile | ForEach-Object { "profile $($_.SID) $($_.LocalPath)" }
    Get-Place
)
$lines | Sort-Object
exit 0
