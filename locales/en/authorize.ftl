# Signing in to apps.

consent-title = Allow { $app }?
consent-as = You’re signed in as { $username }.
consent-as-named = You’re signed in as { $name } ({ $username }).
consent-gets = { $app } would like to:
consent-allow = Allow
consent-deny = Deny
consent-host = You’ll go back to { $host }.
consent-device = You’ll go back to an app on this device.
consent-later = You can remove this access at any time in your account, under Apps.
consent-unchecked-title = Allow an app that hasn’t been checked?
consent-unchecked = The people who run this service don’t know this app. Allow it only if you opened it yourself just now and trust the site below.
consent-unchecked-name = Name it gives itself
consent-unchecked-host = Site that describes it
consent-unchecked-to = Where your answer goes
consent-unchecked-device = An app on this device
consent-unchecked-devices = Any program on this device can pretend to be { $app }. If you didn’t just start signing in from it, choose Deny.
not-you = Not you?

## What an app gets

scope-openid = know that it’s you
scope-profile = see your display name, username and language
scope-email = see your email address
scope-groups = see which groups you’re in
scope-offline_access = keep this access when you’re not using it
scope-resource = act for you at { $resource }
scope-nothing = know nothing about you

## When it goes no further

no-access-title = You don’t have access to { $app }
no-access-text = Your account { $username } can’t use { $app }. Ask the person who runs it to give you access.
app-request-malformed-title = We can’t sign you in to that app
app-request-malformed-text = We didn’t understand what the app sent us. Nothing was shared. Go back to the app and try again. If it happens again, tell the people who run the app.
app-request-over-title = This request has expired or was already used
app-request-over-text = Go back to the app and sign in from there again.
