package beside_test

import (
	"testing"

	"bellman/adapters/adaptertest/worstday"
)

func TestTheWorstDayWithPDSAndGPConnectBeside(t *testing.T) { worstday.Run(t, subject()) }
