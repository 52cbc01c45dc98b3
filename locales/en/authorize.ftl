# Signing in to apps.

consent-title = Allow { $app }?
consent-as = You are signed in as { $username }.
consent-as-named = You are signed in as { $name } ({ $username }).
consent-gets = { $app } would like to:
consent-allow = Allow
consent-deny = Deny
consent-host = You will go back to { $host }.
consent-device = You will go back to an app on this device.
consent-later = You can take this back at any time in your account, under Apps.
consent-unchecked-title = Allow an app that nobody has checked?
consent-unchecked = The people who run this service do not know this app. Allow it only if you have just started it yourself, and if you trust the site below.
consent-unchecked-name = What it calls itself
consent-unchecked-host = Site that describes it
consent-unchecked-to = Where your answer goes
consent-unchecked-device = An app on this device
consent-unchecked-devices = Any program on this device can pass itself off as { $app }. If you did not just start signing in from it, choose Deny.
not-you = Not you?

## What an app gets

scope-openid = know that it is you
scope-profile = see your name, your username and your language
scope-email = see your email address
scope-groups = see which groups you are in
scope-offline_access = keep this access when you are not using it
scope-resource = act for you at { $resource }
scope-nothing = know nothing about you

## When it goes no further

no-access-title = You have no access to { $app }
no-access-text = The account { $username } may not use { $app }. Ask the person who runs it to let you in.
app-request-malformed-title = We cannot sign you in to that app
app-request-malformed-text = The app sent you here in a way that we do not understand. Nothing was shared. Go back to the app and try again; if it happens again, tell the people who run it.
app-request-over-title = This took too long, or is done already
app-request-over-text = Go back to the app and sign in from there again.
