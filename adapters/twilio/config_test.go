package twilio_test

import (
	"testing"

	"bellman/adapters/twilio"
)

func TestEverySettingThatIsWrongIsNamed(t *testing.T) {
	bad := twilio.Config{AccountSID: "AC1/../x", APIKeySID: "x", Region: "mars", MaxPerSecond: -1, Timeout: -1, Settle: -1}
	got := map[string]bool{}
	for _, f := range bad.Check(false) {
		got[f.Path] = true
	}
	for _, path := range []string{"account_sid", "auth_token", "api_key_secret", "region", "max_per_second", "timeout", "settle"} {
		if !got[path] {
			t.Errorf("%s is not complained about", path)
		}
	}
	live := config("https://sim.example.org")
	if faults := live.Check(false); len(faults) != 1 || faults[0].Path != "base_url" {
		t.Errorf("live mode: got %v, want a complaint about base_url alone", faults)
	}
	live.BaseURL, live.Region = "", "ie1"
	if faults := live.Check(false); len(faults) != 0 {
		t.Errorf("a good configuration: got %v", faults)
	}
}
