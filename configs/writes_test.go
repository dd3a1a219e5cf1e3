package configs_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"bellman/configs"
)

func TestNothingIsWrittenIntoTheClinicalSystemUnlessSomebodyApprovedIt(t *testing.T) {
	if p := parse(t, small).Practices[0]; p.Writes != (configs.Writes{}) {
		t.Errorf("by default %+v", p.Writes)
	}
	p := parse(t, small+`    writes: {opt_outs: "A. Manager"}
`).Practices[0]
	if (p.Writes != configs.Writes{OptOuts: "A. Manager"}) {
		t.Errorf("with one approver: %+v", p.Writes)
	}
}

func TestAnApproverIsAPersonAndNotAYes(t *testing.T) {
	got := paths(faultsOf(t, small+`    writes: {opt_outs: true, cancellations: "yes"}
`))
	if diff := cmp.Diff([]string{"practices[0].writes.opt_outs", "practices[0].writes.cancellations"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRequestsToTheClinicalSystemAreBounded(t *testing.T) {
	if n := parse(t, small).Practices[0].MaxRequests; n != 300 {
		t.Errorf("by default %d a minute", n)
	}
	if n := parse(t, small+"    max_requests: 20\n").Practices[0].MaxRequests; n != 20 {
		t.Errorf("%d a minute, 20 were written", n)
	}
	if got := paths(faultsOf(t, small+"    max_requests: 0\n")); !cmp.Equal(got, []string{"practices[0].max_requests"}) {
		t.Errorf("0 a minute: %v", got)
	}
}
