sessions-title = Sessions
sessions-hint = Everywhere you are signed in. End what you no longer use.
sessions-others = Everywhere else
sessions-others-hint = Ends every session but this one.
sessions-end-others = End all other sessions
sessions-unknown = Something here that was not you?

## One session, wherever it is listed

session-current = This browser
session-remembered = Stays signed in
session-address = From { $address }
session-seen = Last used { $age }
session-created = Signed in { $age }
session-end = End

## Browsers that skip the second step

browsers-title = Remembered browsers
browsers-hint = Here the second step is skipped after the right password, because you asked for that. Changing the password ends it everywhere.
browsers-since = Remembered { $age }
browsers-until = Until { $date }
browsers-forget = Ask again
