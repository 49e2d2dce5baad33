"""The one tree of errors. A message names what is wrong, the value, and the remedy, in one line."""


class PasserbyError(Exception):
    """Something the user can mend. Only ``api/`` turns it into an exit code or an HTTP status."""


class SourceError(PasserbyError):
    """A video, an image or a folder of images cannot be read."""


class ModelError(PasserbyError):
    """A network file is missing, damaged, unknown, or not what it is said to be."""


class GalleryError(PasserbyError):
    """The gallery cannot be opened, is busy, or does not fit what is asked of it."""


class QueryError(PasserbyError):
    """A question cannot be answered as it is put."""


class ConfigError(PasserbyError):
    """An option or a setting is wrong."""
