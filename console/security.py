"""Makes tokens and keys, and re-encrypts stored secrets."""

from config import Settings
from models.batches.event_store import EventStore
from models.catalogue.provider_store import ProviderStore
from models.database import open_engine
from models.engines.writer import Writer
from utils.clock import SystemClock
from utils.errors import ConfigurationError
from utils.filelock import FolderLock
from utils.key_file import encryption_keys
from utils.secret_box import SecretBox


def rotate(settings: Settings) -> int:
    """Encrypt every stored secret with the first of the keys in ENCRYPTION_KEY; return how many.

    Raises:
        ConfigurationError: no key is set.
        DataFolderBusyError: the service is running.
        StorageError: a secret cannot be decrypted with any of the keys; nothing was changed.
    """
    if not settings.encryption_keys:
        raise ConfigurationError("ENCRYPTION_KEY is not set; give the new key first, then a comma, then the old one")
    folder = settings.data_dir.expanduser()
    lock = FolderLock(folder)
    lock.acquire()
    try:
        engine = open_engine(settings.database_url)
        writer = Writer(engine)
        writer.start()
        try:
            clock = SystemClock()
            store = ProviderStore(engine, writer, EventStore(engine), clock)
            return store.reseal(SecretBox(encryption_keys(folder, settings.encryption_keys, make=False)).renew)
        finally:
            writer.close()
            engine.dispose()
    finally:
        lock.release()
