package configs_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bellman/gateway"
)

// answered is small of an account where Twilio leaves CANCEL to Bellman.
var answered = strings.Replace(small, "twilio:\n", "twilio:\n  custom_opt_out_words: true\n", 1)

func TestNoVisitIsCancelledByATextAloneUnlessThePracticeWantsIt(t *testing.T) {
	if got := parse(t, small).Practices[0].Policy.AutoCancel; got != (gateway.AutoCancel{AtLeast: 24 * time.Hour}) {
		t.Errorf("by default %+v", got)
	}
	got := parse(t, answered+`    writes: {cancellations: "A. Manager"}
    policy: {cancel: {automatic: true, at_least: 48h}}
`).Practices[0].Policy.AutoCancel
	if got != (gateway.AutoCancel{On: true, AtLeast: 48 * time.Hour}) {
		t.Errorf("switched on: %+v", got)
	}
}

func TestVisitsAreCancelledByTextsAloneOnlyWhereSomebodyHasApprovedIt(t *testing.T) {
	const section = "    policy: {cancel: {automatic: true}}\n"
	for what, c := range map[string]struct {
		more string
		want []string
	}{
		"nobody has approved it": {section, []string{"practices[0].writes.cancellations"}},
		"a yes is nobody":        {section + "    writes: {cancellations: yes}\n", []string{"practices[0].writes.cancellations"}},
		"too near":               {"    writes: {cancellations: J}\n    policy: {cancel: {automatic: true, at_least: 59m}}\n", []string{"practices[0].policy.cancel.at_least"}},
		"further away than any reminder": {
			"    writes: {cancellations: J}\n    policy: {cancel: {automatic: true, at_least: 1441h}}\n", []string{"practices[0].policy.cancel.at_least"},
		},
	} {
		if diff := cmp.Diff(c.want, paths(faultsOf(t, answered+c.more))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
}

func TestEveryPracticeNeedsItsOwnApprovalWhereThePolicyOfAllSwitchesItOn(t *testing.T) {
	got := paths(faultsOf(t, "policy: {cancel: {automatic: true}}\n"+answered))
	if diff := cmp.Diff([]string{"practices[0].writes.cancellations"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	parse(t, "policy: {cancel: {automatic: true}}\n"+answered+"    policy: {cancel: {automatic: false}}\n")
}

// TestPatientsAreNotAskedForAWordThatTwilioTakesForSTOP: who answers CANCEL without the
// code would be blocked for all texts to come (HAZ-11).
func TestPatientsAreNotAskedForAWordThatTwilioTakesForSTOP(t *testing.T) {
	const approved = "    writes: {cancellations: J}\n"
	for policy, want := range map[string]string{
		"{cancel_by_text: true}":                            "cancel_by_text",
		"{cancel: {automatic: true}}":                       "cancel.automatic",
		"{cancel_by_text: true, cancel: {automatic: true}}": "cancel_by_text",
	} {
		faults := faultsOf(t, small+approved+"    policy: "+policy+"\n")
		if len(faults) != 1 || faults[0].Path != "practices[0].policy."+want || !strings.Contains(faults[0].Problem, "twilio.custom_opt_out_words") {
			t.Errorf("%s: %v", policy, faults)
		}
		parse(t, answered+approved+"    policy: "+policy+"\n")
	}
}
