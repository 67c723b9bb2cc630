# Keeps the tunnel to Cherry Studio up, by a scheduled task of your own account; see docs/tunnel.md.
# To remove it again: Unregister-ScheduledTask cherry-tunnel
$ErrorActionPreference = "Stop"

# A task cannot start itself again within seconds, so a small loop does; conhost keeps its window away.
$ssh = Join-Path $env:SystemRoot "System32\OpenSSH\ssh.exe"
$loop = "while (`$true) { & '$ssh' -N -T cherry-tunnel; Start-Sleep 2 }"
$action = New-ScheduledTaskAction -Execute "conhost.exe" `
    -Argument "--headless powershell.exe -NoProfile -NonInteractive -Command `"$loop`""
$trigger = New-ScheduledTaskTrigger -AtLogOn -User $env:USERNAME
$settings = New-ScheduledTaskSettingsSet -AllowStartIfOnBatteries -DontStopIfGoingOnBatteries `
    -ExecutionTimeLimit ([TimeSpan]::Zero) -RestartCount 999 -RestartInterval (New-TimeSpan -Minutes 1) `
    -MultipleInstances IgnoreNew

Register-ScheduledTask cherry-tunnel -Action $action -Trigger $trigger -Settings $settings -Force | Out-Null
Start-ScheduledTask cherry-tunnel
Get-ScheduledTask cherry-tunnel
