package ident_test

import (
	"testing"

	"bellman/gateway/ident"
)

func TestOnlyWhatLooksLikeAnIDIsShown(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"88001", "RJ1/88001", "A-12", "2c9f-44", "1234567890123456789a"} {
		if ident.Shown(id) != id {
			t.Errorf("%s is hidden", id)
		}
	}
	for _, c := range []struct{ what, id string }{
		{"a name", "Kerr"}, {"an NHS number", "9990000018"}, {"an NHS number of a hospital", "RJ1/9990000018"}, {"a telephone number", "07700900123"}, {"an NHS number in three parts", "999/000/0018"},
		{"a name with a number", "Efua Kerr 1"}, {"nothing", ""}, {"another alphabet", "Siân1"}, {"a sign at the front", "=1+1"},
	} {
		if got := ident.Shown(c.id); got == c.id || len(got) != 20 {
			t.Errorf("%s is shown", c.what)
		}
	}
	if ident.Shown("9990000018") == ident.Shown("9990000026") {
		t.Error("two numbers have one digest")
	}
	if ident.Digest("a", "bc") == ident.Digest("ab", "c") {
		t.Error("parts that are cut elsewhere have one digest")
	}
}
