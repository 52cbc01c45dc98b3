end-session-ask = { $app } would like to sign you out. You’ll also be signed out of other apps in this browser.
end-session-ask-alone = An app would like to sign you out. You’ll also be signed out of other apps in this browser.
end-session-back = Go back to { $app }
