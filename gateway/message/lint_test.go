package message_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"bellman/gateway"
	"bellman/gateway/message"
)

const (
	number = "+447700900001"
	name   = "Riverside"
)

// Of each bad text, the words are those of the rule that it breaks.
func TestTextsThatTheRulesForbid(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, sender, rule string }{
		{"You have an appointment on Monday. Details: https://riverside.example.org/a?id=17", number, "R24"},
		{"Change it at bit.ly/3xYz", number, "R24"},
		{"See www.riversidesurgery.nhs.uk", number, "R24"},
		{"Write to reception@riverside.example", number, "R24"},
		{"Riverside Surgery riversidesurgery.co.uk", number, "R24"},
		{"Half price flu jabs this week only", number, "R21"},
		{"Special OFFER for our patients", number, "R21"},
		{"Please donate to our roof", number, "R21"},
		{"Tell us what you think in our survey", number, "R21"},
		{"Private ear syringing, now £45", number, "R21"},
		{"A missed appointment costs the NHS about £30 million.", number, "R21"},
		{"20% off whitening", number, "R21"},
		{"You have an appointment at the HIV clinic", number, "R01"},
		{"Your G.U.M. visit", number, "R01"},
		{"GUM Clinic", number, "R01"},
		{"Riverside Sexual-Health Centre", number, "R01"},
		{"Mae gennych apwyntiad iechyd meddwl", number, "R01"},
		{"Ward 4, Oncology", number, "R01"},
		{"CAMHS East", number, "R01"},
		{"Riverside Fertility", number, "R01"},
		{"Mental Health Team", number, "R01"},
		{"Antenatal Clinic", number, "R01"},
		{"Come for your blood test results", number, "R01"},
		{"You have an appointment. Reply STOP to stop these texts.", name, "R23"},
		{"Atebwch STOP i stopio'r negeseuon hyn.", name, "R23"},
		{"Reply YES to confirm.", number, "R40"},
		{"To cancel, reply CANCEL.", number, "R40"},
		{"Please answer 'yes' if you will come", number, "R40"},
		{"Reply Y or QUIT", number, "R40"},
		{"Text END to end these", number, "R40"},
		{"I ganslo, atebwch CANCEL.", number, "R40"},
		{"For more, reply INFO", number, "R40"},
		{"=HYPERLINK(A1)", number, "HAZ-19"},
		{"+Riverside", number, "HAZ-19"},
		{"Dear {{.Name}}", number, "HAZ-19"},
		{"Riverside <no value>", number, "HAZ-19"},
		{"Riverside\tSurgery", number, "HAZ-19"},
		{"Surgery\u202eyregruS", number, "HAZ-19"},
		{"O&#39;Neill", number, "HAZ-19"},
	} {
		got := message.Lint(c.text, c.sender)
		if !strings.Contains(strings.Join(got, "\n"), c.rule) {
			t.Errorf("%q: found %q, want a breach of %s", c.text, got, c.rule)
		}
	}
}

func TestTextsThatTheRulesAllow(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, sender string }{
		{"Riverside Surgery", number},
		{"Meddygfa Tŷ Gwyn", number},
		{"Dr Price & Partners", number},
		{"Sale Medical Centre", number},
		{"Mile End Surgery", number},
		{"MILE END SURGERY", number},
		{"St.Mary's Surgery", number},
		{"Offerton Health Centre", number},
		{"Royal Free Outpatients", number},
		{"Park Clinic", number},
		{"Dr Counsell and Dr Yes", number},
		{"Dr O'Neill & Partners (The Quay)", number},
		{"Harley Dental 24/7", name},
		{"Quay Branch, 2nd floor", number},
		{"Ysbyty Gwynedd", number},
		{"Llanfairpwll Health Centre", number},
		{"Scunthorpe Road Surgery", number},
		{"Essex House", number},
		{"You have an appointment with Riverside Surgery on Wednesday 8 July at 9:10am.", name},
		{"To change it or to stop these texts, call 01632 960001.", name},
		{"Reply STOP to stop these texts.", number},
		{"To get texts again, reply START or call 01632 960001.", number},
		{"To cancel, reply CANCEL 4821.", number},
		{"I ganslo, atebwch CANCEL 4821.", number},
		{"A missed appointment costs the NHS about £30.", number},
		{"Sam, mae gennych apwyntiad. Mae apwyntiad a gollir yn costio tua £160 i'r GIG.", number},
		{"Thank you. Texts to MILE END SURGERY are not monitored for urgent help.", number},
		{"MILE END SURGERY will send no more texts to this number.", number},
	} {
		if got := message.Lint(c.text, c.sender); got != nil {
			t.Errorf("%q: %q", c.text, got)
		}
	}
}

// TestEverythingThatWeSayPassesOurOwnRules reads the whole catalogue of practices
// of every nation, with the least and with all that a text can say.
func TestEverythingThatWeSayPassesOurOwnRules(t *testing.T) {
	t.Parallel()
	for _, n := range gateway.Nations {
		for _, p := range []gateway.Practice{riverside(n), everything(n)} {
			for _, sender := range []string{number, name} {
				p.Sender = sender
				for _, s := range message.Catalogue(p) {
					if got := message.Lint(s.Text, sender); got != nil {
						t.Errorf("%s, %s, %s: %q\n%s", n, sender, s.Name, got, s.Text)
					}
				}
			}
		}
	}
}

func TestAPracticeWhoseNameTheRulesForbidDoesNotFit(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"Riverside HIV Clinic", "Riverside Surgery riverside.co.uk", "The Special Offer Surgery"} {
		p := riverside(gateway.England)
		p.Name = bad
		if err := message.Fits(p); err == nil || strings.Contains(err.Error(), bad) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestLintNeverQuotesWhatItFound(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		secret := "zebedee" + rapid.StringMatching(`[a-z]{3,8}`).Draw(t, "secret")
		text := rapid.SampledFrom([]string{"https://", "HIV ", "£", "reply YES ", "{"}).Draw(t, "breach") + secret + ".co.uk"
		if strings.Contains(strings.Join(message.Lint(text, name), "\n"), "zebedee") {
			t.Error("the text stands in what is said of it")
		}
	})
}
