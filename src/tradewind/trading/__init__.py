"""The live system: engine, journal, session, replay."""
