data-title = Your data
data-what = Download everything we keep about you, as one JSON file:
data-account = your names, your email address and former ones, your language, and when you set your password, never the password itself
data-sessions = your sessions, and the browsers you have signed in with
data-mail = links and letters that were mailed to you and still count
data-events = what happened in your account, the newest 10,000 events at most
data-proof = If you signed in a while ago, we ask for your password first.
data-download = Download my data
