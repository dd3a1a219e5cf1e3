package tpp

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"bellman/gateway"
	"bellman/gateway/number"
)

var (
	errOtherPatient = errors.New("read a patient's details: the answer is about another patient")
	errNoNumber     = errors.New("read a patient's details: SystmOne gives neither an NHS number nor a pseudo number to ask with")
)

// details is what is kept of a patient between reads, as SystmOne wrote it, so that
// what it means is worked out anew by every version of ours.
type details struct {
	At        int64   `json:"at"` // Unix seconds, when it was asked for
	NHSNumber string  `json:"nhs,omitempty"`
	Pseudo    string  `json:"pseudo,omitempty"`
	FirstName string  `json:"first,omitempty"`
	KnownAs   string  `json:"known,omitempty"`
	Mobile    string  `json:"mobile,omitempty"`
	Consent   *string `json:"consent"` // nil: the element was not there
	Died      string  `json:"died,omitempty"`
	CareEnd   string  `json:"end,omitempty"`
	Language  string  `json:"language,omitempty"` // the term of MainLanguage
	English   string  `json:"english,omitempty"`  // EnglishSpeaker
}

const keyPatients = "patient/"

func keyOf(id gateway.PatientID) string { return keyPatients + string(id) }

// identityFor names a patient in a request.
func (c Config) identityFor(nhs, pseudo string) (*identityAsked, bool) {
	nhs, pseudo = squeeze(nhs), squeeze(pseudo)
	switch {
	case nhs != "" && c.NHSNumberElement == ElementSchemas:
		return &identityAsked{NHSNumber: nhs}, true
	case nhs != "":
		return &identityAsked{NhsNumber: nhs}, true
	case pseudo != "":
		return &identityAsked{PseudoNumber: pseudo}, true
	}
	return nil, false
}

// details asks for a patient's details as they are now. The answer must be about
// that patient: a request whose patient SystmOne does not take asks for whichever
// record is open on that PC.
func (s *session) details(ctx context.Context, id gateway.PatientID, who identity) (details, error) {
	asked, ok := s.a.config.identityFor(who.NHSNumber, who.PseudoNumber)
	if !ok {
		return details{}, errNoNumber
	}
	at := s.a.env.Clock.Now()
	b, err := s.ask(ctx, question{fnPatient, parameters{Identity: asked, Filter: &filter{Demographics: &present{}}}})
	if err != nil {
		return details{}, fmt.Errorf("read a patient's details: %w", err)
	}
	if got, ok := patientID(b.Identity); !ok || got != id {
		return details{}, errOtherPatient
	}
	if b.Demographics == nil {
		return details{}, fmt.Errorf("read a patient's details: %w", errForeign)
	}
	d := b.Demographics
	return details{
		At: at.Unix(), NHSNumber: squeeze(who.NHSNumber), Pseudo: squeeze(who.PseudoNumber),
		FirstName: trim(d.FirstName), KnownAs: trim(d.KnownAs), Mobile: d.MobileTelephone,
		Consent: d.SMSConsent, Died: trim(d.DateOfDeath), CareEnd: trim(d.CareEndDate),
		Language: trim(d.MainLanguage.Term), English: trim(d.EnglishSpeaker),
	}, nil
}

// age says how old kept details are at now; ahead of it, they are older than any.
func (d details) age(now time.Time) time.Duration {
	age := now.Sub(time.Unix(d.At, 0))
	if age < -gateway.Wobble {
		return math.MaxInt64
	}
	return age
}

// patient works out what a reminder needs of details, and of the date of birth that
// the diary gives.
func (a *Adapter) patient(v visit, d details, now time.Time) gateway.Patient {
	p := gateway.Patient{
		ID: v.Patient.ID, Born: v.Patient.Born, Language: language(d.Language, d.English), Name: gateway.NewName(cmp.Or(d.KnownAs, d.FirstName)), NHSNumber: gateway.NewNHSNumber(d.NHSNumber),
		Deceased: deceased(d.Died, now), Left: left(d.CareEnd, now), Declined: declined(d.Consent, a.config.ConsentNotRecorded),
	}
	p.Mobile, p.MobileKind = number.Parse(d.Mobile, a.env.Trial)
	return p
}

// unknownPatient is a patient whose details are not known, to whom nothing is sent.
func unknownPatient(v visit) gateway.Patient {
	return gateway.Patient{
		ID: v.Patient.ID, Born: v.Patient.Born, Name: gateway.NewName(v.firstName), NHSNumber: gateway.NewNHSNumber(squeeze(v.who.NHSNumber)),
		MobileKind: gateway.NumberUnclear, Deceased: gateway.FlagUnclear, Left: gateway.FlagUnclear, Declined: gateway.FlagUnclear,
	}
}

// language reads which language a patient would rather speak: the one that the term of
// MainLanguage ends with ("Main spoken language Polish"), or some other than English
// where it is said only that the patient speaks no English.
func language(term, english string) gateway.Language {
	const begin = "main spoken language"
	if len(term) >= len(begin) && strings.EqualFold(term[:len(begin)], begin) {
		term = term[len(begin):]
	}
	said := gateway.LanguageOf(term)
	if strings.EqualFold(english, "No") && said != gateway.LanguageWelsh {
		return gateway.LanguageOther
	}
	return said
}

// deceased reads a date of death. One that is not a date, or lies ahead, is no
// clear word.
func deceased(date string, now time.Time) gateway.Flag {
	if date == "" {
		return gateway.FlagNo
	}
	if past, ok := reached(date, now); ok && past {
		return gateway.FlagYes
	}
	return gateway.FlagUnclear
}

// left reads the date on which care by the practice ended. One ahead has not
// happened.
func left(date string, now time.Time) gateway.Flag {
	past, ok := reached(date, now)
	switch {
	case date == "" || ok && !past:
		return gateway.FlagNo
	case ok:
		return gateway.FlagYes
	}
	return gateway.FlagUnclear
}

// declined reads SMSConsent: Yes, No, or empty for not recorded, on which the
// practice decides. An answer without the element says nothing.
func declined(consent *string, notRecorded string) gateway.Flag {
	if consent == nil {
		return gateway.FlagUnclear
	}
	switch word := strings.ToLower(trim(*consent)); {
	case word == "no":
		return gateway.FlagYes
	case word == "yes", word == "" && notRecorded == ConsentSend:
		return gateway.FlagNo
	}
	return gateway.FlagUnclear
}

// keptDetails gives what is kept of some patients. What cannot be read is as good as
// not kept.
func (a *Adapter) keptDetails(ctx context.Context, ids []gateway.PatientID) (map[gateway.PatientID]details, map[gateway.PatientID]gateway.Kept, error) {
	found, raw := make(map[gateway.PatientID]details, len(ids)), make(map[gateway.PatientID]gateway.Kept, len(ids))
	for len(ids) > 0 {
		batch := ids[:min(len(ids), gateway.ShelfBatch)]
		ids = ids[len(batch):]
		keys := make([]string, len(batch))
		for i, id := range batch {
			keys[i] = keyOf(id)
		}
		kept, err := a.env.Shelf.Get(ctx, keys...)
		if err != nil {
			return nil, nil, fmt.Errorf("look up the kept details of patients: %w", err)
		}
		for i, k := range kept {
			raw[batch[i]] = k
			var d details
			if len(k.Value) > 0 && json.Unmarshal(k.Value, &d) == nil {
				found[batch[i]] = d
			}
		}
	}
	return found, raw, nil
}

// keepDetails keeps fresh details.
func (a *Adapter) keepDetails(ctx context.Context, fresh map[gateway.PatientID]details, raw map[gateway.PatientID]gateway.Kept) error {
	batch := make([]gateway.Kept, 0, len(fresh))
	for id, d := range fresh {
		b, err := json.Marshal(d)
		if err != nil {
			return errors.New("keep the details of patients: they cannot be written")
		}
		batch = append(batch, gateway.Kept{Key: keyOf(id), Value: b, Seen: raw[id].Seen})
	}
	if err := a.put(ctx, batch); err != nil {
		return fmt.Errorf("keep the details of patients: %w", err)
	}
	return nil
}

// put keeps things, but for those that somebody else has put since they were read:
// a look before a text may ask for a patient while a read does. Of two who asked at
// the same time one is enough, and the others of the read are not lost with it.
func (a *Adapter) put(ctx context.Context, things []gateway.Kept) error {
	for batch := range slices.Chunk(things, gateway.ShelfBatch) {
		err := a.env.Shelf.Put(ctx, batch...)
		if errors.Is(err, gateway.ErrShelfMoved) {
			err = a.putEach(ctx, batch)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (a *Adapter) putEach(ctx context.Context, things []gateway.Kept) error {
	for _, k := range things {
		if err := a.env.Shelf.Put(ctx, k); err != nil && !errors.Is(err, gateway.ErrShelfMoved) {
			return err
		}
	}
	return nil
}

const (
	sweepEvery = 24 * time.Hour
	// sweepAfter is how long the details of patients are kept who are not in the
	// diary any more.
	sweepAfter = 2 * longestBelief
)

// sweep clears the details of patients away who have not been in the diary for long.
func (a *Adapter) sweep(ctx context.Context, now time.Time) error {
	a.mu.Lock()
	due := now.Sub(a.swept).Abs() >= sweepEvery
	if due {
		a.swept = now
	}
	a.mu.Unlock()
	if !due {
		return nil
	}
	var old []gateway.Kept
	err := a.env.Shelf.Each(ctx, keyPatients, func(k gateway.Kept) error {
		var d details
		if json.Unmarshal(k.Value, &d) != nil || d.age(now) > sweepAfter {
			k.Value = nil
			old = append(old, k)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return a.put(ctx, old)
}
