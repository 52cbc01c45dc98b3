logout-title = Sign out?
logout-text = This ends your session in this browser. Your other sessions stay.
logout-stay = Stay signed in
logout-done-title = You are signed out
logout-done-text = There is no session in this browser.
