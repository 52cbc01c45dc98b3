dashboard-title = Your account
dashboard-you = You
dashboard-display-name = Display name
dashboard-email = Email address
dashboard-sessions = Sessions
dashboard-sessions-more = { $count ->
    [one] And { $count } more session.
   *[other] And { $count } more sessions.
}
dashboard-password-change = Change the password
dashboard-password-none = None: you sign in with a passkey
dashboard-second-step = Second step
dashboard-second-step-off = Off: the password alone opens your account
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
dashboard-codes-none = None: make some before you lose your second step
dashboard-codes-few = Only { $count } left: make new ones
dashboard-codes-left = { $count } left
dashboard-hello = { $name }
dashboard-since = With us since { $date }.
dashboard-check-up = Security check-up: { $done } of { $all }
dashboard-email-confirmed = Confirmed
dashboard-email-unconfirmed = Not confirmed yet
dashboard-email-confirm = Confirm it
dashboard-codes-later = After you add a second step
dashboard-display-name-none = Not set
