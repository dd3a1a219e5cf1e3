package tpp

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"bellman/gateway"
)

// rereadAround is how far before and after an appointment's start the diary is asked
// for again. It is wide, since nobody has published how the ends of a stretch count.
const rereadAround = time.Hour

var errForeignID = errors.New("read the appointment again: its id is not one of this source's")

// Reread looks at one appointment again: the diary about its start and, when it
// still stands, the patient's details, each as it is now. An appointment that is not
// there is given back as cancelled, once SystmOne has said that it is still this
// practice's diary. What is found is kept, so that the next read agrees.
func (a *Adapter) Reread(ctx context.Context, known gateway.Appointment) (gateway.Appointment, error) {
	device, err := a.device(ctx, false)
	if err != nil {
		return gateway.Appointment{}, err
	}
	s := a.session(device, true)
	defer s.close()
	v, err := s.look(ctx, known)
	if err != nil {
		return gateway.Appointment{}, err
	}
	if v.Status != gateway.StatusBooked {
		v.Patient = known.Patient
		return v.Appointment, nil
	}
	d, err := s.details(ctx, v.Patient.ID, v.who)
	if err != nil {
		return gateway.Appointment{}, err
	}
	// A reader that does not see it asks again by itself.
	if _, raw, err := a.keptDetails(ctx, []gateway.PatientID{v.Patient.ID}); err == nil {
		_ = a.keepDetails(ctx, map[gateway.PatientID]details{v.Patient.ID: d}, raw)
	}
	v.Patient = a.patient(v, d, a.env.Clock.Now())
	return v.Appointment, nil
}

// look finds an appointment in the diary about its start. One that is not there is
// cancelled; where something there could not be read, nobody can tell.
//
// That it is not there is seen twice, before and after SystmOne has said whose diary
// it shows: staff may log on to another organisation, and back, between two requests.
func (s *session) look(ctx context.Context, known gateway.Appointment) (visit, error) {
	patient := string(known.Patient.ID)
	if patient == "" || !strings.HasSuffix(string(known.ID), "-"+patient) {
		return visit{}, errForeignID
	}
	v, err := s.find(ctx, known)
	if err != nil || !v.gone() {
		return v, err
	}
	if err := s.organisation(ctx); err != nil {
		return visit{}, err
	}
	return s.find(ctx, known)
}

// find asks for the diary once. What is not in it is cancelled, and nobody's.
func (s *session) find(ctx context.Context, known gateway.Appointment) (visit, error) {
	rows, err := s.diary(ctx, known.Start.Add(-rereadAround), known.Start.Add(rereadAround))
	if err != nil {
		return visit{}, fmt.Errorf("look again: %w", err)
	}
	var found []visit
	unreadable := false
	for _, v := range visits(rows, "diary", func(gateway.Unreadable) { unreadable = true }) {
		if v.ID == known.ID {
			found = append(found, v)
		}
	}
	if len(found) > 0 {
		for _, other := range found[1:] {
			if other.Appointment != found[0].Appointment {
				found[0].Status = gateway.StatusUnknown
			}
		}
		return found[0], nil
	}
	gone := visit{Appointment: known}
	gone.Status = gateway.StatusCancelled
	if unreadable {
		gone.Status = gateway.StatusUnknown
	}
	return gone, nil
}
