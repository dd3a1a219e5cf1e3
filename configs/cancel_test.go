package configs_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bellman/gateway"
)

func TestNoVisitIsCancelledByATextAloneUnlessThePracticeWantsIt(t *testing.T) {
	if got := parse(t, small).Practices[0].Policy.AutoCancel; got != (gateway.AutoCancel{AtLeast: 24 * time.Hour}) {
		t.Errorf("by default %+v", got)
	}
	got := parse(t, small+`    writes: {cancellations: "A. Manager"}
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
		if diff := cmp.Diff(c.want, paths(faultsOf(t, small+c.more))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
}

func TestEveryPracticeNeedsItsOwnApprovalWhereThePolicyOfAllSwitchesItOn(t *testing.T) {
	got := paths(faultsOf(t, "policy: {cancel: {automatic: true}}\n"+small))
	if diff := cmp.Diff([]string{"practices[0].writes.cancellations"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	parse(t, "policy: {cancel: {automatic: true}}\n"+small+"    policy: {cancel: {automatic: false}}\n")
}
