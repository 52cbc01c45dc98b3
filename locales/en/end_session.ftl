end-session-ask = { $app } would like to sign you out. This ends your session in this browser, also for other apps.
end-session-ask-alone = An app would like to sign you out. This ends your session in this browser, also for other apps.
end-session-back = Go back to { $app }
