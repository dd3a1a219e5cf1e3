package gateway_test

import (
	"testing"

	"bellman/gateway"
)

func TestSTOPALLIsForEveryPracticeAndPlainSTOPIsNot(t *testing.T) {
	for _, words := range []string{"STOP ALL", "stop all", " Stop  All! ", "StopAll", "STOPALL", "Please stop all", "stop all thanks", "\u201cSTOP ALL\u201d", "\uff33\uff34\uff2f\uff30 \uff21\uff2c\uff2c", "STOP\nALL"} {
		if !gateway.StopsAll(words) || gateway.ReadReply(words) != gateway.ReplyStop {
			t.Errorf("%q is for every practice, and is taken for one", words)
		}
	}
	for _, words := range []string{"", "STOP", "STOP STOP", "ALL", "stop all texts", "stop all messages to me", "stop it all", "stop all my tablets", "please do not stop all", "STOPP ALL", "ALL STOP", "stop allergy", "START ALL"} {
		if gateway.StopsAll(words) {
			t.Errorf("%q is taken for STOP ALL", words)
		}
	}
}
