package configs

import (
	"fmt"
	"strings"

	"bellman/gateway"
)

// clinicsSection is the words by which a practice tells its clinics apart.
type clinicsSection struct {
	Sensitive []string `yaml:"sensitive"`
	General   []string `yaml:"general"`
}

// sensitiveWay is skip or neutral: whether sensitive clinics are texted about.
type sensitiveWay bool

func (w *sensitiveWay) set(s string) string {
	switch s {
	case "skip", "neutral":
		*w = s == "neutral"
		return ""
	}
	return "must be skip or neutral: whether patients of sensitive clinics get no text, or the neutral one"
}

// holding is send or hold.
type holding bool

func (h *holding) set(s string) string {
	switch s {
	case "send", "hold":
		*h = s == "hold"
		return ""
	}
	return "must be send or hold"
}

// who is what a policy says of whom it texts.
func (p policySection) who() gateway.Who {
	return gateway.Who{
		Clinics:       gateway.NewClinics(p.Clinics.Sensitive, p.Clinics.General),
		TextSensitive: bool(p.Sensitive),
		KnownOnly:     bool(p.UnknownClinics),
		YoungShared:   !bool(p.YoungShared),
		HoldShared:    bool(p.SharedNumbers),
		TellLanguage:  p.LanguageTasks,
	}
}

// checkClinics finds what is wrong with the words for clinics.
func checkClinics(c clinicsSection, path string, out *report) {
	seen := map[string]bool{}
	for _, l := range []struct {
		key   string
		words []string
	}{{"sensitive", c.Sensitive}, {"general", c.General}} {
		for i, word := range l.words {
			at := fmt.Sprintf("%s.%s[%d]", path, l.key, i)
			name := strings.ToLower(strings.TrimSpace(word))
			switch {
			case !gateway.PhraseFits(word):
				out.fault(at, "must be a clinic's name or a word in it, of one to six words")
			case seen[name]:
				out.fault(at, "stands twice: a clinic is sensitive or general")
			}
			seen[name] = true
		}
	}
}
