dashboard-title = Your account
dashboard-you = You
dashboard-username = Username
dashboard-display-name = Display name
dashboard-email = Email address
dashboard-member-since = Member since
dashboard-security = Security
dashboard-password-changed = Set { $age }
dashboard-sessions = Sessions
dashboard-sessions-hint = Everywhere you are signed in.
dashboard-session-current = This browser
dashboard-session-remembered = Stays signed in
dashboard-session-address = From { $address }
dashboard-session-seen = Last used { $age }
dashboard-session-created = Signed in { $age }
dashboard-sessions-more = { $count ->
    [one] And { $count } more session.
   *[other] And { $count } more sessions.
}
dashboard-activity = See what happened in your account
