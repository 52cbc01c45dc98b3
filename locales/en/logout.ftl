logout-title = Sign out?
logout-text = You’ll be signed out in this browser only. Your other devices stay signed in.
logout-stay = Stay signed in
logout-done-title = You’re signed out
logout-done-text = You aren’t signed in in this browser.
