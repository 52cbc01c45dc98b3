dashboard-title = Home
dashboard-you = You
dashboard-username = Username
dashboard-display-name = Display name
dashboard-email = Email address
dashboard-member-since = Member since
dashboard-security = Security
dashboard-sessions = Devices
dashboard-sessions-hint = Where you’re signed in.
dashboard-sessions-more = { $count ->
    [one] And { $count } more device.
   *[other] And { $count } more devices.
}
dashboard-password-change = Change your password
dashboard-sessions-all = See all devices
dashboard-activity = See recent activity
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
dashboard-factors = Manage security
dashboard-codes-none = None yet. Create some, in case you lose your phone.
dashboard-codes-few = Only { $count } left. Create new ones.
dashboard-codes-left = { $count } left
