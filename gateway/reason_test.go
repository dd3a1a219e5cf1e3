package gateway_test

import (
	"regexp"
	"testing"

	"bellman/gateway"
)

func TestEveryReasonHasALabelOfItsOwnAndASentence(t *testing.T) {
	t.Parallel()
	label := regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
	// The sentences are fixed: no gap that something of a patient could fill, no
	// digit, nothing but plain words.
	sentence := regexp.MustCompile(`^[a-z][A-Za-z ,:;'-]+[A-Za-z]$`)
	labels, sentences := map[string]gateway.Reason{}, map[string]gateway.Reason{}
	for _, r := range gateway.Reasons() {
		if !label.MatchString(r.String()) {
			t.Errorf("reason %d: label %q", r, r.String())
		}
		if !sentence.MatchString(r.Words()) {
			t.Errorf("%s: words %q", r, r.Words())
		}
		if other, taken := labels[r.String()]; taken {
			t.Errorf("%s is the label of %d and %d", r, other, r)
		}
		if other, taken := sentences[r.Words()]; taken {
			t.Errorf("%s and %s say the same", other, r)
		}
		labels[r.String()], sentences[r.Words()] = r, r
	}
	if len(labels) < 39 {
		t.Errorf("only %d reasons: the list is not read", len(labels))
	}
}

func TestNoReasonIsNothingToSay(t *testing.T) {
	t.Parallel()
	if gateway.None.String() != "" || gateway.None.Words() != "" {
		t.Error("None has words")
	}
	for _, r := range gateway.Reasons() {
		if r == gateway.None {
			t.Error("None is listed among the reasons")
		}
	}
}

// TestARestrictedPatientIsNotExplained keeps the reason for a sensitive record as
// empty as it must be for general staff (HAZ-03).
func TestARestrictedPatientIsNotExplained(t *testing.T) {
	t.Parallel()
	telling := regexp.MustCompile(`(?i)sensitive|abuse|protect|witness|safeguard|flag|risk`)
	for _, r := range []gateway.Reason{gateway.Restricted, gateway.RestrictUnclear} {
		if word := telling.FindString(r.Words()); word != "" {
			t.Errorf("%s tells why: %q", r, word)
		}
	}
}

// TestTheBytesInTheStoreKeepTheirMeaning pins what stored records hold: a number
// that changed its meaning would rewrite the story of old reminders.
func TestTheBytesInTheStoreKeepTheirMeaning(t *testing.T) {
	t.Parallel()
	for b, want := range map[byte]string{
		1: "cancelled", 2: "moved", 3: "gone", 4: "deceased", 5: "left_practice", 6: "declined", 7: "opted_out",
		8: "no_mobile", 9: "landline", 10: "not_a_mobile", 11: "booked_late", 12: "too_late", 13: "merged",
		14: "restricted", 15: "not_expected", 16: "not_on_allow_list", 17: "rule_removed", 18: "by_staff", 19: "already_told", 20: "source_reminds",
		30: "sensitive", 31: "needs_other_way", 32: "visit_opted_out", 33: "clinic_opted_out", 74: "clinic_untold", 70: "clinic_unknown", 71: "young_shared", 72: "shared_number", 73: "needs_unclear",
		40: "feed_stale", 41: "status_unclear", 42: "deceased_unclear", 43: "left_unclear", 44: "declined_unclear",
		45: "number_unclear", 46: "time_unclear", 47: "reread_failed", 48: "many_withdrawals",
		50: "wording_failed", 51: "unreadable", 52: "restriction_unclear", 53: "provider_trouble", 55: "not_confirmed",
		80: "provider_opt_out", 81: "provider_number", 82: "provider_message", 83: "unknown_outcome", 84: "not_delivered",
		85: "provider_account", 86: "network_transient",
	} {
		if got := gateway.Reason(b).String(); got != want {
			t.Errorf("byte %d: %q, was %q", b, got, want)
		}
	}
}
