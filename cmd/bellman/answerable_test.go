package main

import (
	"testing"

	"bellman/configs"
	"bellman/gateway"
)

// What costs more than a text within the country is never an answer: whoever can write
// from such a number would be paid for each.
func TestOnlyUKMobilesAreAnswered(t *testing.T) {
	t.Parallel()
	for _, mode := range []configs.Mode{configs.Live, configs.Test} {
		a := &app{cfg: &configs.Config{Mode: mode, AllowNumbers: configs.AllowList{"+447*", "+252*", "+4470*", "+44909*"}}}
		for number, want := range map[string]bool{
			"+447911123456": true, "+447624123456": true, // the latter is the Isle of Man
			"+252612345678": false, "+12025550123": false, "+447012345678": false, "+449098790000": false, "+441632960001": false, "+60777": false,
		} {
			if got := a.answerable()(gateway.NewPhone(number)); got != want {
				t.Errorf("in mode %s a number that begins with %.5s is answered: %t", mode, number, got)
			}
		}
	}
}
