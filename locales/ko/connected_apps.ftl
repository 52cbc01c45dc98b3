apps-title = 연결된 앱
apps-hint = 이 계정으로 로그인한 앱과 허용한 내용이에요.
apps-empty = 아직 허용한 앱이 없어요.
apps-given = 허용: { $age }
apps-used = 마지막 사용: { $age }
apps-unchecked = 이 서비스에서 확인하지 않은 앱이에요. 앱을 설명하는 사이트: { $host }
apps-may = 이 앱이 할 수 있는 일:
apps-remove = 연결 해제
