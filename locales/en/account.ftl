# The way between the pages of an account.

account-sections = Your account
account-dashboard = Home
account-profile = Profile
account-password = Password
account-factors = Security
account-email = Email address
account-sessions = Devices
account-apps = Apps
account-activity = Activity
account-data = Your data
account-delete = Delete account

password-set = Changed { $age }
