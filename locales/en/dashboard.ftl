dashboard-title = Home
dashboard-you = You
dashboard-display-name = Display name
dashboard-email = Email address
dashboard-sessions = Devices
dashboard-sessions-more = { $count ->
    [one] And { $count } more device.
   *[other] And { $count } more devices.
}
dashboard-password-change = Change your password
dashboard-password-none = None. You sign in with a passkey.
dashboard-second-step = Second step
dashboard-second-step-off = Off. Anyone with your password can get in.
dashboard-second-step-passkeys = { $count ->
    [one] On, with { $count } passkey
   *[other] On, with { $count } passkeys
}
dashboard-second-step-apps = { $count ->
    [one] On, with { $count } authenticator app
   *[other] On, with { $count } authenticator apps
}
dashboard-second-step-both = On, with passkeys ({ $passkeys }) and authenticator apps ({ $apps })
dashboard-second-step-add = Add a second step
dashboard-codes-none = None yet. Create some, in case you lose your phone.
dashboard-codes-few = Only { $count } left. Create new ones.
dashboard-codes-left = { $count } left
dashboard-hello = { $name }
dashboard-since = With us since { $date }.
dashboard-check-up = Security check-up: { $done } of { $all }
dashboard-email-confirmed = Confirmed
dashboard-email-unconfirmed = Not confirmed yet
dashboard-email-confirm = Confirm it
dashboard-codes-later = After you add a second step
dashboard-display-name-none = Not set
