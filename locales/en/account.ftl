# The way between the pages of an account.

account-sections = Your account
account-dashboard = Dashboard
account-profile = Profile
account-factors = Sign-in
account-sessions = Sessions
account-activity = Activity
account-data = Data
account-delete = Delete account

password-set = Set { $age }
account-administrator = Administrator
