long library_step(void);

static long count;

// Of such symbols the dynamic linker keeps one for the process, whatever is copied.
__asm__(".type unique_count, @gnu_unique_object");
long unique_count;

long
library_bump(void)
{
    return count += library_step();
}

long
unique_bump(void)
{
    return ++unique_count;
}

long
library_count(void)
{
    return count;
}
