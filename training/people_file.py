"""Names of people from a file that parts them: JSON ``{"fit": [1, 2], "choose": [3]}``."""

import json
from pathlib import Path

from gallery.errors import ConfigError
from training.samples import listed, person_name


def read_people(address: str) -> tuple[str, ...]:
    """The people of one part.

    Args:
        address: ``FILE:PART``, for example ``splits.json:fit``; ``FILE:PART+PART`` for several.

    Raises:
        ConfigError: If the file cannot be read, is of another form, has no such part, or names somebody in two.
    """
    name, _, wanted = address.rpartition(":")
    if not name or not wanted:
        raise ConfigError(f"{address!r} does not name the people of a file; write it as splits.json:fit")
    path = Path(name)
    try:
        parts = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}); check the path and its permissions") from error
    except ValueError as error:
        raise ConfigError(f'{path} is not JSON ({error}); it should be like {{"fit": [1, 2]}}') from error
    if not isinstance(parts, dict) or not all(_is_list_of_people(people) for people in parts.values()):
        raise ConfigError(f'{path} does not part people by name; it should be like {{"fit": [1, 2], "choose": [3]}}')
    chosen = wanted.split("+")
    for part in chosen:
        if part not in parts:
            raise ConfigError(f"{path} has no part {part!r}; it has {', '.join(parts) or 'none'}")
    people = [person_name(person) for part in chosen for person in parts[part]]
    twice = sorted({person for person in people if people.count(person) > 1}) if len(set(people)) < len(people) else []
    if twice:
        raise ConfigError(f"{path}: {listed('person', 'people', twice)} named twice in {wanted}; name each once")
    if not people:
        raise ConfigError(f"{path}: part {wanted} is empty; name another one")
    return tuple(people)


def _is_list_of_people(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(person, int | str) and not isinstance(person, bool) for person in value
    )
