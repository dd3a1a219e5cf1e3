package cliniko_test

import (
	"testing"

	"bellman/adapters/adaptertest/worstday"
)

func TestTheWorstDay(t *testing.T) {
	t.Run("appointments", func(t *testing.T) { worstday.Run(t, subject()) })
	t.Run("classes", func(t *testing.T) { worstday.Day(t, classes()) })
}
