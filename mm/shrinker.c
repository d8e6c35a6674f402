/*
 * The list of caches that can give memory back. They are asked in the order of
 * registration until enough is free; a scan runs with no lock of ours but shrinker_lock held, and may not allocate.
 */
#include <lib/command.h>
#include <lib/spinlock.h>
#include <mm/shrinker.h>

static LIST_HEAD(shrinkers);
static DEFINE_SPINLOCK(
	shrinker_lock); /* guards the list; taken before any lock that a scan takes */

void register_shrinker(struct shrinker *shrinker)
{
	unsigned long flags;

	spin_lock_irqsave(&shrinker_lock, flags);
	list_add_tail(&shrinker->link, &shrinkers);
	spin_unlock_irqrestore(&shrinker_lock, flags);
}

void unregister_shrinker(struct shrinker *shrinker)
{
	unsigned long flags;

	spin_lock_irqsave(&shrinker_lock, flags);
	list_del(&shrinker->link);
	spin_unlock_irqrestore(&shrinker_lock, flags);
}

unsigned long shrink_all(unsigned long pages)
{
	struct shrinker *s;
	unsigned long flags, freed = 0;

	spin_lock_irqsave(&shrinker_lock, flags);
	list_for_each_entry (s, &shrinkers, link) {
		unsigned long n = s->scan(pages - freed);

		s->calls++;
		s->freed += n;
		freed += n;
		if (freed >= pages)
			break;
	}
	spin_unlock_irqrestore(&shrinker_lock, flags);
	return freed;
}

static int cmd_shrinkers(int argc, char **argv)
{
	struct shrinker *s;

	(void)argc;
	(void)argv;
	con_printf("%-16s %10s %10s\n", "shrinker", "calls", "pages");
	list_for_each_entry (s, &shrinkers, link)
		con_printf("%-16s %10llu %10llu\n", s->name, s->calls, s->freed);
	return 0;
}
COMMAND("shrinkers", "", "caches that give memory back when there is none, and what they gave",
	cmd_shrinkers);
