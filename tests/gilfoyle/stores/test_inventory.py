from gilfoyle.lib.storage_listing import StoredObject
from gilfoyle.stores.inventory import AT_ONCE, Inventory


def test_objects_are_taken_by_owner_once() -> None:
    one, two, other = (StoredObject(name, 1, 2.5) for name in ("one", "two", "other"))
    with Inventory() as inventory:
        for item in (two, one):
            inventory.add("video/a", item)
        inventory.add("video/b", other)
        assert inventory.take("video/a") == [one, two]
        assert inventory.take("video/a") == []
        assert list(inventory.left()) == ["video/b"]


def test_what_is_left_may_be_taken_while_it_is_gone_through() -> None:
    with Inventory() as inventory:
        for number in range(AT_ONCE + 5):
            inventory.add(f"video/{number:05d}", StoredObject(str(number), 0, 0))
        taken = [inventory.take(owner)[0].name for owner in inventory.left()]
        assert len(set(taken)) == AT_ONCE + 5
        assert list(inventory.left()) == []


def test_orphans_are_noted_by_owner() -> None:
    with Inventory() as inventory:
        inventory.note_orphans("video/b", ["x"])
        inventory.note_orphans("video/a", ["y"])
        inventory.note_orphans("video/a", ["z", "y"])
        assert list(inventory.orphans()) == [("video/a", ["y", "z"]), ("video/b", ["x"])]
