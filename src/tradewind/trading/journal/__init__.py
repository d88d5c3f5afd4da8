"""The journal of a run: records, tables, storage, its folder, and how it is kept safe."""
