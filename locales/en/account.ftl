# The way between the pages of an account.

account-sections = Your account
account-dashboard = Dashboard
account-profile = Profile
account-password = Password
account-factors = Sign-in
account-email = Email
account-sessions = Sessions
account-apps = Apps
account-activity = Activity
account-data = Data
account-delete = Delete account

password-set = Set { $age }
