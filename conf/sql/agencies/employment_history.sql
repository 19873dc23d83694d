-- The employment history of an agency: every column becomes one of the CSV, in this order.
SELECT employee_id, badge_no, first_name, last_name, rank, unit, start_date, end_date, status
FROM documents.employment_history
WHERE agency_id = :agency_id
ORDER BY employee_id, start_date NULLS FIRST, end_date NULLS LAST, badge_no, rank, unit, status
