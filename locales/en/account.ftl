# The way between the pages of an account.

account-sections = Your account
account-dashboard = Home
account-profile = You
account-factors = Security
account-sessions = Devices
account-activity = Activity
account-data = Your data
account-delete = Delete account

password-set = Changed { $age }
account-administrator = Administrator
