apps-title = Apps
apps-hint = Apps that you signed in to with this account, and what you allowed them.
apps-empty = You have not allowed any app anything yet.
apps-given = Allowed { $age }
apps-used = Last used { $age }
apps-unchecked = Nobody at this service has checked this app. It is described at { $host }.
apps-may = This app may:
apps-remove = Remove access
