long library_count(void);

long
library_step(void)
{
    return library_count() < 1000 ? 1 : 0;
}
