package main

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"errors"
	"time"

	"bellman/gateway"
)

// envelope seals what a task of asynq carries, as whoever keeps patients' data in
// Redis has to: both sides do the same job.
type envelope struct{ cipher.AEAD }

func newEnvelope() (envelope, error) {
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		return envelope{}, err
	}
	gcm, err := cipher.NewGCMWithRandomNonce(block)
	return envelope{gcm}, err
}

// letter is what the handler of a task needs of an appointment.
type letter struct {
	ID      string    `json:"id"`
	Patient string    `json:"patient"`
	Mobile  string    `json:"mobile"`
	Start   time.Time `json:"start"`
	Site    string    `json:"site"`
	Mode    uint8     `json:"mode"`
	Version string    `json:"version"`
}

func (e envelope) seal(a *gateway.Appointment) ([]byte, error) {
	raw, err := json.Marshal(letter{string(a.ID), string(a.Patient.ID), a.Patient.Mobile.Reveal(), a.Start, string(a.Site), uint8(a.Mode), a.Version})
	if err != nil {
		return nil, err
	}
	return e.Seal(nil, nil, raw, nil), nil
}

func (e envelope) open(sealed []byte) (gateway.Appointment, error) {
	raw, err := e.Open(nil, nil, sealed, nil)
	if err != nil {
		return gateway.Appointment{}, err
	}
	var l letter
	if err := json.Unmarshal(raw, &l); err != nil {
		return gateway.Appointment{}, err
	}
	if l.ID == "" {
		return gateway.Appointment{}, errors.New("the task holds no appointment")
	}
	return gateway.Appointment{
		ID: gateway.AppointmentID(l.ID), Start: l.Start, Status: gateway.StatusBooked, Mode: gateway.Mode(l.Mode), Version: l.Version,
		Patient: gateway.Patient{ID: gateway.PatientID(l.Patient), Mobile: gateway.NewPhone(l.Mobile)},
	}, nil
}
