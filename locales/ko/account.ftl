# 계정 페이지 사이를 오가는 길.

account-sections = 내 계정
account-dashboard = 대시보드
account-profile = 프로필
account-password = 비밀번호
account-factors = 로그인 방법
account-email = 이메일
account-sessions = 세션
account-apps = 연결된 앱
account-activity = 활동 기록
account-data = 내 데이터
account-delete = 계정 삭제

password-set = { $age } 설정
