package meeting_test

import (
	"testing"

	"bellman/gateway"
	"bellman/gateway/meeting"
)

func TestOnlyPlainWordsSayHowPeopleMeet(t *testing.T) {
	for _, c := range []struct {
		labels []string
		want   gateway.Mode
	}{
		{nil, gateway.ModeUnknown},
		{[]string{"Slot"}, gateway.ModeUnknown},
		{[]string{"Telephone Appointment Slot"}, gateway.ModeTelephone},
		{[]string{"Routine (PHONE)"}, gateway.ModeTelephone},
		{[]string{"Video-consultation"}, gateway.ModeVideo},
		{[]string{"Face-to-Face"}, gateway.ModeInPerson},
		{[]string{"home  visit"}, gateway.ModeHomeVisit},
		{[]string{"Headphones fitting"}, gateway.ModeUnknown},
		{[]string{"Telephone or face to face"}, gateway.ModeUnknown},
		{[]string{"Telephone", "Video"}, gateway.ModeUnknown},
		{[]string{"Slot", "Video Consultation"}, gateway.ModeVideo},
		{[]string{"Phone", "Telephone"}, gateway.ModeTelephone},
	} {
		if got := meeting.ModeOf(c.labels...); got != c.want {
			t.Errorf("%q: mode %d, want %d", c.labels, got, c.want)
		}
	}
}
