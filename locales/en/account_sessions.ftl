sessions-title = Devices
sessions-hint = Where you’re signed in. Sign out of anything you don’t use.
sessions-others = Other devices
sessions-others-hint = You stay signed in here.
sessions-end-others = Sign out of all other devices
sessions-unknown = Don’t recognise one of these?

## One device, wherever it is listed

session-current = This browser
session-remembered = Stays signed in
session-address = From { $address }
session-seen = Last used { $age }
session-created = Signed in { $age }
session-end = Sign out

## Browsers that skip the second step

browsers-title = Browsers that skip the second step
browsers-hint = You asked us to skip the second step in these browsers. Changing your password turns this off everywhere.
browsers-since = Added { $age }
browsers-until = Until { $date }
browsers-forget = Stop skipping
