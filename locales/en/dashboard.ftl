dashboard-title = Your account
dashboard-you = You
dashboard-username = Username
dashboard-display-name = Display name
dashboard-email = Email address
dashboard-member-since = Member since
dashboard-security = Security
dashboard-sessions = Sessions
dashboard-sessions-hint = Everywhere you are signed in.
dashboard-sessions-more = { $count ->
    [one] And { $count } more session.
   *[other] And { $count } more sessions.
}
dashboard-password-change = Change the password
dashboard-sessions-all = See every session
dashboard-activity = See what happened in your account
